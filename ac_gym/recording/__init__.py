"""Recording: telemetry to Parquet, pictures to files or video, and what follows from them."""
