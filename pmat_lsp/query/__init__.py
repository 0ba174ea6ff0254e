"""The heap as tables of a database: views over its columns, SQL over the views, and the views as files."""
