"""Beyond one boat: recorded logs and black boxes of a fleet to Parquet, reports on them, and their replay. Files and
folders of many boats enter; columns, a report and a page leave. Needs the packages of the extra `fleet`, which nothing
else imports."""
