"""Live interactions, which the API has on WebSockets: the turns of a conversation in their messages."""
