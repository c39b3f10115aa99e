"""How does Alembic reach the database?

By the connection that store/migrate.py hands in, already locked and in its one transaction.
"""

from alembic import context

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("migrations are run by `steelyard migrate`, which takes the lock first")

context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("metadata"),
    transactional_ddl=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
context.run_migrations()
