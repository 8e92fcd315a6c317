"""The models mcuzoo knows by name, and engines that run them on the host."""
