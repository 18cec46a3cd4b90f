"""The laws of studies, all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from unseen.contracts.study import Study, Trials
from unseen.testing.laws import NONE_SKIPPED, check_laws
from unseen.testing.study_case import StudyCase
from unseen.testing.study_declaration import DECLARATION_LAWS
from unseen.testing.study_judgement import JUDGEMENT_LAWS
from unseen.testing.study_trials import TRIAL_LAWS

STUDY_LAWS: tuple[Callable[[StudyCase], None], ...] = (*DECLARATION_LAWS, *TRIAL_LAWS, *JUDGEMENT_LAWS)

NOTHING_RECORDED: Mapping[str, Trials] = {}


def check_study(
    study: Study,
    *,
    page: str = "",
    recorded: Mapping[str, Trials] = NOTHING_RECORDED,
    skip: Mapping[str, str] = NONE_SKIPPED,
) -> None:
    """Check that a study obeys its laws. Runs it at scale smoke, three times over.

    Parameters
    ----------
    study : Study
        The study.
    page : str
        Its page; the docstring of the module that defines its trial by default.
    recorded : mapping of str to Trials
        Scale -> trials of a real run. Without them the law on the broken experiment does not apply.
    skip : mapping of str to str
        Laws left out, by name, each with the reason.

    Raises
    ------
    LawsBroken
        With every broken law and what was found.
    """
    check_laws(f"study {study.paper}", StudyCase(study, page, recorded), STUDY_LAWS, skip)
