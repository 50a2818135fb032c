#pragma once

// The few functions used, declared here as libxml2 declares them (its interface is stable): its headers include ICU's,
// which clash with those of Foundation. xmlChar is unsigned char.
struct _xmlTextReader;
enum { AKER_XML_NOERROR = 1 << 5, AKER_XML_NOWARNING = 1 << 6, AKER_XML_NONET = 1 << 11, AKER_XML_NOCDATA = 1 << 14 };
enum { AKER_XML_ELEMENT = 1, AKER_XML_TEXT = 3, AKER_XML_CDATA = 4, AKER_XML_SPACE = 14, AKER_XML_END_ELEMENT = 15 };
struct _xmlTextReader *xmlReaderForFile(const char *file, const char *encoding, int options);
void xmlFreeTextReader(struct _xmlTextReader *);
int xmlTextReaderRead(struct _xmlTextReader *);
int xmlTextReaderDepth(struct _xmlTextReader *);
int xmlTextReaderNodeType(struct _xmlTextReader *);
int xmlTextReaderIsEmptyElement(struct _xmlTextReader *);
int xmlTextReaderGetParserLineNumber(struct _xmlTextReader *);
const unsigned char *xmlTextReaderConstLocalName(struct _xmlTextReader *);
const unsigned char *xmlTextReaderConstPrefix(struct _xmlTextReader *);
const unsigned char *xmlTextReaderConstValue(struct _xmlTextReader *);
int xmlTextReaderMoveToAttribute(struct _xmlTextReader *, const unsigned char *name);
int xmlTextReaderMoveToElement(struct _xmlTextReader *);
