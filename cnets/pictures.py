import numpy as np
def strip(*a): return np.zeros((32,32,3),np.uint8)
