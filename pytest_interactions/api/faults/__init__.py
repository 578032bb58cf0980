"""What goes wrong between an app and the API: named, and done to an answer that was recorded or made up."""
