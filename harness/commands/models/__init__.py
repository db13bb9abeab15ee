"""The commands about one model: train, predict, evaluate, export."""
