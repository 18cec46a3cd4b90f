"""The gallery: a static site made of the catalogue, the records and what is registered."""
