"""A world of pages that shows every component once, for tests and for eyes; it is served nowhere else."""
