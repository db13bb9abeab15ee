"""The joint update of a lane that is alone on a CPU, arranged for speed."""
