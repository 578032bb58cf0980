"""Live interactions: the API over a WebSocket, on which an app and the model take turns."""
