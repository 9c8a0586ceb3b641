"""Places learnwares come from and go to: Hugging Face Hub, the curated catalogue, indexes."""
