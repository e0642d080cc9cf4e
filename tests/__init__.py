import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in a job, and before numpy is imported
