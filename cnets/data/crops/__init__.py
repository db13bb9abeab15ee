"""From a frame to the crop that the networks see, and the cache of all crops."""
