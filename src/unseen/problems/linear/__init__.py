"""Linear systems: discretised equations, random fields, matrices of prescribed spectrum, and a problem made of them."""
