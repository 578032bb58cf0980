"""The pages of the documentation, run block by block, and the site that is built of them."""
