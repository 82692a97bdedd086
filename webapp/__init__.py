"""The web tier and the business of Chatbot SAV."""
