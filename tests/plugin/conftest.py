"""The package is a guest: its modules are imported by the processes of `test_plugin.py`, where it is installed."""

collect_ignore_glob = ["src/*", "tests/*"]
