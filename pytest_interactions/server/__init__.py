"""Another process's way in: a local Interactions API and a cassette behind a local address."""
