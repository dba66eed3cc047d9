"""Training of the shipped artefacts: the only part of the service that needs scikit-learn, and no part of serving."""
