"""From what readers give to the crops that the networks see, and their cache."""
