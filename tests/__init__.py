import os
import signal

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in a job, and before numpy is imported
# a shell ignores it in what it starts in the background, and every child would do so, too
signal.signal(signal.SIGINT, signal.default_int_handler)
