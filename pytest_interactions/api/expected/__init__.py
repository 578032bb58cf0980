"""What a test expects of an agent's trajectory, compared with what the agent did: tools and order, not every word."""
