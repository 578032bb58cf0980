"""An attack on redaction: secrets are planted in traffic, and what would be written is searched for them."""
