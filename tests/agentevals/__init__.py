"""The verdicts of agentevals on random trajectories, and ours on the same."""
