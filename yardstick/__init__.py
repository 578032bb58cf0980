"""The SDK's own tests as a yardstick: they are recorded through this package, and replayed with no server.

google-genai ships its tests. They know nothing of us, so what they assert is what an app may rely on. Most of them put
a double in the place of the network. A double is no traffic, so it is put on the wire first: a server of this machine
gives the answers that the double gives, and the SDK asks it in earnest.
"""
