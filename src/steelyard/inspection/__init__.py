"""What arrives in bulk: is it what was promised?"""
