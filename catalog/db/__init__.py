"""The database's engine room: embedded server, connections, migrations, models."""
