<?php
/**
 * Stand-ins for what the module uses of Magento: only names and signatures, written by us from the documentation.
 * They let the module's own classes run under a bare PHP; none of Magento's behaviour is here but what a test needs.
 */
declare(strict_types=1);

namespace {
    // Debian's php-cli comes without the extension; the numbers do not matter to a stand-in.
    foreach (['CURLOPT_CONNECTTIMEOUT', 'CURLOPT_FOLLOWLOCATION', 'CURLOPT_PROTOCOLS', 'CURLPROTO_HTTP', 'CURLPROTO_HTTPS'] as $at => $name) {
        defined($name) || define($name, 1 << $at);
    }

    function __($text, ...$words)
    {
        return new \Magento\Framework\Phrase((string)$text, $words);
    }
}

namespace Psr\Log {
    interface LoggerInterface
    {
        public function warning($message, array $context = []);

        public function error($message, array $context = []);
    }
}

namespace Magento\Framework {
    class Phrase
    {
        private $text;
        private $words;

        public function __construct(string $text, array $words = [])
        {
            $this->text = $text;
            $this->words = $words;
        }

        public function __toString(): string
        {
            $marks = array_map(static fn (int $at): string => '%' . ($at + 1), array_keys($this->words));
            return str_replace($marks, array_map('strval', $this->words), $this->text);
        }
    }

    class FlagManager
    {
        public $kept = [];

        public function getFlagData($code)
        {
            return $this->kept[$code] ?? null;
        }

        public function saveFlag($code, $value)
        {
            $this->kept[$code] = $value;
            return true;
        }

        public function deleteFlag($code)
        {
            unset($this->kept[$code]);
            return true;
        }
    }

    class DataObject
    {
        protected $_data = [];

        public function __construct(array $data = [])
        {
            $this->_data = $data;
        }

        public function getData($key = '')
        {
            return $this->_data[$key] ?? null;
        }

        public function setData($key, $value = null)
        {
            $this->_data[$key] = $value;
            return $this;
        }

        public function __call($method, $given)
        {
            $key = strtolower(preg_replace('/(?<!^)[A-Z]/', '_$0', substr($method, 3)));
            switch (substr($method, 0, 3)) {
                case 'get':
                    return $this->getData($key);
                case 'set':
                    return $this->setData($key, $given[0]);
            }
            throw new \BadMethodCallException($method);
        }
    }

    class Event extends DataObject
    {
    }

    class Escaper
    {
        public function escapeHtml($text)
        {
            return htmlspecialchars((string)$text, ENT_QUOTES | ENT_SUBSTITUTE);
        }

        public function escapeHtmlAttr($text)
        {
            return htmlspecialchars((string)$text, ENT_QUOTES | ENT_SUBSTITUTE);
        }
    }
}

namespace Magento\Framework\Component {
    class ComponentRegistrar
    {
        public const MODULE = 'module';
        public static $registered = [];

        public static function register($type, $name, $path)
        {
            self::$registered[$type][$name] = $path;
        }
    }
}

namespace Magento\Framework\Exception {
    class LocalizedException extends \Exception
    {
        public function __construct($phrase = null, ?\Exception $cause = null, $code = 0)
        {
            parent::__construct((string)$phrase, (int)$code, $cause);
        }
    }

    class NoSuchEntityException extends LocalizedException
    {
    }
}

namespace Magento\Framework\App\Config {
    interface ScopeConfigInterface
    {
        public function getValue($path, $scopeType = 'default', $scopeCode = null);

        public function isSetFlag($path, $scopeType = 'default', $scopeCode = null);
    }

    class Value extends \Magento\Framework\DataObject
    {
        public function beforeSave()
        {
            return $this;
        }
    }
}

namespace Magento\Framework\App\Config {
    interface ReinitableConfigInterface
    {
        public function reinit();
    }
}

namespace Magento\Framework\App\Config\Storage {
    interface WriterInterface
    {
        public function save($path, $value, $scope = 'default', $scopeId = 0);

        public function delete($path, $scope = 'default', $scopeId = 0);
    }
}

namespace Magento\Framework\Encryption {
    interface EncryptorInterface
    {
        public function encrypt($data);
    }
}

namespace Comeback\Loyalty\Model\Config {
    // Magento makes it, as it makes every factory.
    class AddressFactory
    {
        public function create(array $data = [])
        {
            return new Address($data);
        }
    }
}

namespace Magento\Framework\App {
    class ResourceConnection
    {
        private $connection;

        public function __construct($connection)
        {
            $this->connection = $connection;
        }

        public function getConnection()
        {
            return $this->connection;
        }

        public function getTableName($name)
        {
            return 'shop_' . $name;
        }
    }
}

namespace Magento\Framework\App\Action {
    interface HttpPostActionInterface
    {
    }
}

namespace Magento\Framework\DB {
    interface Select
    {
    }
}

namespace Magento\Framework\DB\Adapter {
    interface AdapterInterface
    {
        public function insertOnDuplicate($table, array $data, array $fields = []);

        public function update($table, array $bind, $where = '');

        public function delete($table, $where = '');

        public function select();

        public function fetchAll($sql);

        public function fetchCol($sql);

        public function fetchOne($sql);
    }
}

namespace Magento\Framework\HTTP\PhpEnvironment {
    class Response
    {
    }
}

namespace Magento\Framework\HTTP\Client {
    class Curl
    {
        public function setTimeout($value)
        {
        }

        public function setOption($name, $value)
        {
        }

        public function addHeader($name, $value)
        {
        }

        public function post($uri, $params)
        {
        }

        public function getStatus()
        {
        }

        public function getHeaders()
        {
        }
    }

    class CurlFactory
    {
        private $curl;

        public function __construct(Curl $curl)
        {
            $this->curl = $curl;
        }

        public function create(array $data = [])
        {
            return clone $this->curl;
        }
    }
}

namespace Magento\Framework\Notification {
    interface MessageInterface
    {
        public const SEVERITY_MAJOR = 2;

        public function getIdentity();

        public function isDisplayed();

        public function getText();

        public function getSeverity();
    }
}

namespace Magento\Framework\Event {
    class Observer
    {
        private $event;

        public function __construct(\Magento\Framework\Event $event)
        {
            $this->event = $event;
        }

        public function getEvent()
        {
            return $this->event;
        }
    }

    interface ObserverInterface
    {
        public function execute(Observer $observer);
    }
}

namespace Magento\Framework\View\Element\Block {
    interface ArgumentInterface
    {
    }
}

namespace Magento\Framework\Controller\Result {
    class Json
    {
        public $said = [];

        public function setData($data)
        {
            $this->said = $data;
            return $this;
        }
    }

    class JsonFactory
    {
        public function create()
        {
            return new Json();
        }
    }
}

namespace Magento\Framework\Indexer {
    interface IndexerInterface
    {
        public function invalidate();
    }

    class IndexerRegistry
    {
        public function get($indexerId)
        {
        }
    }
}

namespace Magento\Framework\Setup {
    interface ModuleDataSetupInterface
    {
        public function getConnection();

        public function getTable($name);
    }
}

namespace Magento\Framework\Setup\Patch {
    interface DataPatchInterface
    {
        public static function getDependencies();

        public function getAliases();

        public function apply();
    }

    interface PatchRevertableInterface
    {
        public function revert();
    }
}

namespace Magento\Framework\Data\Form\Element {
    class AbstractElement extends \Magento\Framework\DataObject
    {
        public function getHtmlId()
        {
            return 'comeback_loyalty_general_test';
        }

        public function unsScope()
        {
            return $this;
        }

        public function unsCanUseWebsiteValue()
        {
            return $this;
        }

        public function unsCanUseDefaultValue()
        {
            return $this;
        }
    }
}

namespace Magento\Store\Model {
    interface ScopeInterface
    {
        public const SCOPE_STORE = 'store';
        public const SCOPE_WEBSITE = 'website';
    }
}

namespace Magento\Authorization\Model {
    interface UserContextInterface
    {
        public const USER_TYPE_INTEGRATION = 1;

        public function getUserType();
    }
}

namespace Magento\Backend\App\Action {
    class Context
    {
    }
}

namespace Magento\Backend\App {
    abstract class Action
    {
        public function __construct(Action\Context $context)
        {
        }
    }
}

namespace Magento\Backend\Block\Template {
    class Context
    {
    }
}

namespace Magento\Config\Block\System\Config\Form {
    class Field extends \Magento\Framework\DataObject
    {
        public function __construct($context, array $data = [])
        {
            parent::__construct($data);
        }

        public function render(\Magento\Framework\Data\Form\Element\AbstractElement $element)
        {
            return $this->_getElementHtml($element);
        }

        protected function _getElementHtml(\Magento\Framework\Data\Form\Element\AbstractElement $element)
        {
            return '';
        }

        protected function _toHtml()
        {
            return $this->_template;
        }

        public function getUrl($route)
        {
            return 'https://shop.test/admin/' . $route;
        }

        public function escapeHtml($text)
        {
            return (new \Magento\Framework\Escaper())->escapeHtml($text);
        }
    }
}

namespace Magento\Customer\Api {
    interface CustomerMetadataInterface
    {
        public const ATTRIBUTE_SET_ID_CUSTOMER = 1;
    }
}

namespace Magento\Customer\Api\Data {
    interface CustomerInterface
    {
        public function getCustomAttribute($code);
    }
}

namespace Magento\Customer\Model {
    class Customer
    {
        public const ENTITY = 'customer';
        public const CUSTOMER_GRID_INDEXER_ID = 'customer_grid';
    }
}

namespace Magento\Customer\Model\ResourceModel {
    class Attribute
    {
        public function save($attribute)
        {
        }
    }
}

namespace Magento\Customer\Helper\Session {
    class CurrentCustomer
    {
        public function getCustomerId()
        {
        }

        public function getCustomer()
        {
        }
    }
}

namespace Magento\Customer\Setup {
    class CustomerSetup
    {
        public function addAttribute($type, $code, array $attr)
        {
        }

        public function addAttributeToSet($type, $setId, $groupId, $attributeId, $sortOrder = null)
        {
        }

        public function getDefaultAttributeGroupId($type, $setId = null)
        {
        }

        public function removeAttribute($type, $code)
        {
        }

        public function getEavConfig()
        {
        }
    }

    class CustomerSetupFactory
    {
        private $setup;

        public function __construct(CustomerSetup $setup)
        {
            $this->setup = $setup;
        }

        public function create(array $data = [])
        {
            return $this->setup;
        }
    }
}
