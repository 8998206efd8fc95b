"""Everything with Dagster: definitions, assets of steps, checks, automation, sensors, jobs and `dmicc run`."""
