"""Applications for NXP's MCUXpresso SDK: what is rendered, and which SDK will do."""
