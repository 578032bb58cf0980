"""What a person sees of cassettes: their content, told as text, and compared."""
