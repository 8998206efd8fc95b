"""The public Python interface: functions from labelled frames to labelled frames, without files, runs or Dagster."""
