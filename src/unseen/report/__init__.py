"""How results are shown: tables, figures, records."""
