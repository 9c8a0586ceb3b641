"""The app: screens and widgets over the verbs of ``workflow``. Nothing heavy is imported here."""
