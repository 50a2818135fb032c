#pragma once

// The few functions used, declared here as libxml2 declares them (its interface is stable): its headers include ICU's,
// which clash with those of Foundation. xmlChar is unsigned char.
struct _xmlTextReader;
enum { AKER_XML_NOENT = 1 << 1 };
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
const unsigned char *xmlTextReaderConstNamespaceUri(struct _xmlTextReader *);
const unsigned char *xmlTextReaderConstValue(struct _xmlTextReader *);
int xmlTextReaderMoveToAttribute(struct _xmlTextReader *, const unsigned char *name);
int xmlTextReaderMoveToAttributeNs(
    struct _xmlTextReader *, const unsigned char *name, const unsigned char *namespace_uri);
int xmlTextReaderMoveToElement(struct _xmlTextReader *);
struct _xmlNode;
struct _xmlNode *xmlTextReaderCurrentNode(struct _xmlTextReader *);
long xmlGetLineNo(const struct _xmlNode *);
// The beginning of what libxml2 keeps of the last error of a thread.
struct _aker_xml_error {
  int domain, code;
  const char *message;
};
const struct _aker_xml_error *xmlGetLastError(void);
void xmlResetLastError(void);
struct _xmlParserInput;
struct _xmlParserCtxt;
void xmlSetExternalEntityLoader(
    struct _xmlParserInput *(*loader)(const char *url, const char *id, struct _xmlParserCtxt *context));
unsigned char *xmlBuildURI(const unsigned char *uri, const unsigned char *base);
struct _htmlEntityDesc {
  unsigned int value;
  const char *name, *desc;
};
const struct _htmlEntityDesc *htmlEntityLookup(const unsigned char *name);
// The character that HTML calls so; 0 for none.
static inline unsigned int aker_html_character(const unsigned char *name) {
  const struct _htmlEntityDesc *entity = htmlEntityLookup(name);
  return entity ? entity->value : 0;
}

// Nothing outside a document is ever read: neither its DTD nor its external entities, from disk or from the network.
static inline struct _xmlParserInput *aker_xml_load_nothing(
    const char *url, const char *id, struct _xmlParserCtxt *context) {
  (void)url, (void)id, (void)context;
  return 0;
}
static inline void aker_xml_close_outside(void) { xmlSetExternalEntityLoader(aker_xml_load_nothing); }
