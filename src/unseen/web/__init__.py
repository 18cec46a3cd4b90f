"""The gallery, live: the pages of `unseen report` answered by a server, with fresh questions, and runs."""
