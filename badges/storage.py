"""The storage of uploaded files."""

from pathlib import Path

from django.core.files.storage import FileSystemStorage

from badges.files import FOR_ALL, whole_file


class WholeFileStorage(FileSystemStorage):
    """Django's file storage, but writes are atomic and replace a file of the same name.

    The names of uploaded files are derived from their contents.
    """

    def is_name_available(self, name, max_length=None):
        return max_length is None or len(name) <= max_length

    def _save(self, name, content):
        with whole_file(Path(self.path(name)), mode=FOR_ALL, replace=True) as file:
            for chunk in content.chunks():
                file.write(chunk)
        return name
