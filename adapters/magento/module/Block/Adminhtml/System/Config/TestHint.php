<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Block\Adminhtml\System\Config;

use Magento\Config\Block\System\Config\Form\Field;
use Magento\Framework\Data\Form\Element\AbstractElement;

/**
 * The button "Send a Test Hint" among the settings.
 */
class TestHint extends Field
{
    /**
     * @var string
     */
    protected $_template = 'Comeback_Loyalty::system/test_hint.phtml';

    /**
     * Show neither a scope nor a box to inherit from: there is nothing to keep.
     *
     * @param AbstractElement $element
     * @return string
     */
    public function render(AbstractElement $element)
    {
        $element->unsScope()->unsCanUseWebsiteValue()->unsCanUseDefaultValue();
        return parent::render($element);
    }

    /**
     * Return where the button posts to.
     *
     * @return string
     */
    public function address(): string
    {
        return $this->getUrl('comeback_loyalty/hint/test');
    }

    /**
     * @inheritdoc
     */
    protected function _getElementHtml(AbstractElement $element)
    {
        $words = $element->getOriginalData();
        $this->setData('html_id', $element->getHtmlId());
        $this->setData('label', __($words['button_label'] ?? 'Send a Test Hint'));
        return $this->_toHtml();
    }
}
