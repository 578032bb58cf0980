"""The API's resources beside interactions: agents, environments, credentials, triggers, voices, webhooks and others."""
