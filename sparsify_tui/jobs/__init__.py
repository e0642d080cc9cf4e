"""Heavy work in a child process: a job goes in, progress and one result come out."""
