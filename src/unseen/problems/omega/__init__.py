"""Templated questions of mathematics after OMEGA, each with named splits on its three axes."""
