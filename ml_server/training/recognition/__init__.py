"""Lines of Korean and English text with what they say, made for training a text-line recogniser.

``texts`` says what a line reads, ``typefaces`` in which fonts, ``render`` sets it, ``surroundings`` puts it among
rules and neighbours and cuts it out as a text detector would, ``wear`` prints, scans or photographs it, ``lines`` is
the stream; ``rounds`` are the trainings that make the shipped recogniser, ``recall`` says which characters it reads.
"""
