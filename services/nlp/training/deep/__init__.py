"""Fine-tuning of the sentence encoder behind the deep tier; the only part that needs PyTorch."""
