"""Questions about the handbook of `rag_qa`: where the answer stands, and how to recognise it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question, the document that answers it, and words one of which a right answer has."""

    text: str
    source: str
    words: tuple[str, ...]

    def is_answered_by(self, answer: str) -> bool:
        return any(word in answer.lower() for word in self.words)


QUESTIONS = [
    Question("How often should the water filter be changed?", "water.md", ("six months",)),
    Question("How much does one wash in the laundry room cost?", "laundry.md", ("2 euro",)),
    Question("What does one night in the guest room cost?", "guests.md", ("25",)),
    Question("Who is the beekeeper?", "garden.md", ("laurent",)),
    Question("Where is the defibrillator?", "safety.md", ("laundry",)),
    Question("When does the heating season start?", "heating.md", ("1 october", "october 1")),
    Question("What is the emergency number?", "safety.md", ("112",)),
    Question("On which day is paper collected?", "waste.md", ("tuesday",)),
    Question("What is the wireless network for guests called?", "internet.md", ("lindholm-guest",)),
    Question("How many litres does the hot water tank hold?", "water.md", ("400",)),
    Question("Until when may the roof terrace be used on Friday?", "garden.md", ("midnight",)),
    Question("Where do batteries and lamps go?", "waste.md", ("red box",)),
    Question("Where is the main stopcock?", "water.md", ("green door", "cellar")),
    Question("What should I do if the router's light is orange?", "internet.md", ("unplug",)),
    Question("Where should everybody meet in case of fire?", "safety.md", ("lime tree",)),
    Question("To what temperature does the heating go down at night?", "heating.md", ("17",)),
    Question("How many bicycles may every flat keep in the room?", "bicycles.md", ("two", " 2")),
    Question("How fast is the internet?", "internet.md", ("500",)),
    Question("Who has the key of the guest room?", "guests.md", ("okafor",)),
    Question("When are the smoke alarms tested?", "safety.md", ("second wednesday",)),
]
