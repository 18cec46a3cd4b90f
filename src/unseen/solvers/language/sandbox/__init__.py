"""Programs written by models, run where they can do no harm.

Each runs in processes of its own without network, with no file system but Python's library (read-only) and an empty
scratch folder in memory, and with limits on time, memory, output and processes, all enforced by the operating system.
Where the machine cannot enforce them nothing is run, and the result says what is missing.
"""

from unseen.solvers.language.sandbox.limits import Limits
from unseen.solvers.language.sandbox.machine import Confinement, confinement
from unseen.solvers.language.sandbox.result import Ending, ProgramResult
from unseen.solvers.language.sandbox.run import run_program, run_programs

__all__ = ["Confinement", "Ending", "Limits", "ProgramResult", "confinement", "run_program", "run_programs"]
