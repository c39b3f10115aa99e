"""What happened: commitments to what was said. (The Merkle log over them is being built.)"""
