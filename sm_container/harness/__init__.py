"""The platform's part: runs a CreateTrainingJob request as the service would."""
