"""The main job on real input: from raw answers to a release without one provider. Run as `python -m demo.run`."""
