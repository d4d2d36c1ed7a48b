"""What is said where a note is refused."""

from django.utils.translation import gettext as _

from accounting.services.notes import MOST_SIGNS, NoteRefused


def note_refused(refused: NoteRefused) -> str:
    """What is wrong with the text, and what to do."""
    return {
        "empty": _("The note is empty. Write something first."),
        "long": _("The note is too long: at most {most} characters.").format(most=MOST_SIGNS),
        "identity_number": _("A national identity number stands in the text, and must not be kept here. Take it out."),
    }[refused.reason]
