"""Labelling configs as people write them."""

from __future__ import annotations

_LABELS = "".join(f'<Label value="{label}"/>' for label in ("Header", "Question", "Answer", "Other"))

FORMS = f"""
<View>
  <Image name="image" value="$image" zoom="true"/>
  <RectangleLabels name="label" toName="image">{_LABELS}</RectangleLabels>
  <TextArea name="transcription" toName="image" perRegion="true" editable="true"/>
  <Relations><Relation value="answers"/></Relations>
</View>
"""

OCR_TEMPLATE = """
<View>
  <Image name="image" value="$ocr" zoom="true"/>
  <Labels name="label" toName="image"><Label value="Text"/><Label value="Handwriting"/></Labels>
  <Rectangle name="bbox" toName="image" strokeWidth="3"/>
  <Polygon name="poly" toName="image" strokeWidth="3"/>
  <TextArea name="transcription" toName="image" editable="true" perRegion="true" required="true" maxSubmissions="1"/>
</View>
"""

POLYGONS = f"""
<View><PolygonLabels name="poly" toName="img">{_LABELS}</PolygonLabels><Image name="img" value="$image"/></View>
"""

SPLIT = f"""
<View>
  <Image name="image" value="$image"/>
  <Labels name="label" toName="image">{_LABELS}</Labels>
  <Rectangle name="bbox" toName="image"/>
  <TextArea name="note" toName="image"/>
  <TextArea name="transcription" toName="image" perRegion="true"/>
</View>
"""

PAGES = f"""
<View>
  <Image name="pages" valueList="$pages"/>
  <RectangleLabels name="label" toName="pages">{_LABELS}</RectangleLabels>
  <TextArea name="transcription" toName="pages" perRegion="true"/>
</View>
"""

ALIASES = """
<View>
  <Image name="image" value="$doc.scan"/>
  <RectangleLabels name="label" toName="image">
    <Label value="키" predicted_values="question, key"/><Label value="값" predicted_values="ANSWER"/>
  </RectangleLabels>
</View>
"""
