"""The networks of one trial and the terms of its losses; no state, no training."""
