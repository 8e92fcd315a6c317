"""The bundled demo model "signs": procedurally drawn road signs and traffic lights."""
