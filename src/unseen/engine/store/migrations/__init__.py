"""The steps from each version of the tables to the next, run by Alembic when a store is opened.

To change the tables: change `unseen.engine.store.tables`, add ``versions/schema_NNNN.py`` by hand after the pattern of
its predecessors, and raise `unseen.engine.store.schema.HEAD`. The tests compare the tables with the migrations.
A migration that was ever released is never edited.
"""
