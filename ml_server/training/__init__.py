"""Training and measuring of the models that the package ships; never imported by a server."""
